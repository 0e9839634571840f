"""Who may ask the emulator: only those who hold a key of this session."""
