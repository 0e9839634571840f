"""The rules that a stack must obey: a CrossGuard pack for previews and updates, a command for exported states."""
