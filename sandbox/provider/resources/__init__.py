"""The resource types, one file each: `<SDK module>/<type>.py`, which declares `RESOURCE` (see resource.py)."""
