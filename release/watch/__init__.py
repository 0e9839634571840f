"""What a stack is and does now, looked at again and again: what was seen, in rows, in lines, on a screen."""
