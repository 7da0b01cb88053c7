"""The model against a running server over HTTP, and a running server against Apache."""
