"""The browser page: its core in Node, and the page in a browser."""
