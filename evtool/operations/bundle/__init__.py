"""Making bundles and unpacking them."""
