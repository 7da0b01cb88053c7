"""tus 1.0, the resumable upload protocol, under `/-/tus/<drive>/<collection>` (WIRE §5).

Extensions: creation, creation-with-upload, checksum, termination, expiration. A POST to a collection's URL creates an
upload of a new member; its own URL, `/-/tus/<drive>/<id>`, takes HEAD, PATCH and DELETE.
"""
