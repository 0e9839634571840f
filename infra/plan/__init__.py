"""The plan of a stack: what is looked up and checked before anything is declared."""
