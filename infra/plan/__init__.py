"""What is asked and checked before anything is declared."""
