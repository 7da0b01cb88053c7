"""Nextcloud's chunked upload (WIRE §4): a folder of chunks that a MOVE of its `.file` makes a file."""
