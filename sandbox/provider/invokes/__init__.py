"""The data sources, a module for each of the SDK's: its functions `get_…(call, arguments)` are found by their names."""
