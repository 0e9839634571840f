"""What a stack file declares, by the real engine on an emulator of its own, and what the tools of others say of it."""
