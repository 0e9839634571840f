"""The resources that Slipway declares in AWS, one component a module, and the settings they are made from."""
