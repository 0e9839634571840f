"""A drill: brings up what a stack is to be after the loss of its region, apart from all that is live, and measures it.

Nothing here knows Pulumi: the engine is a process that is started (engine.py).
"""
