"""Names of elements and properties, and the namespaces that davdrive speaks."""

from typing import Final

from davdrive.metadata.properties import PropertyName as PropertyName

DAV: Final = "DAV:"
OC: Final = "http://owncloud.org/ns"
UCB: Final = "http://ucb.openoffice.org/dav/props/"
WIN32: Final = "urn:schemas-microsoft-com:"
XML: Final = "http://www.w3.org/XML/1998/namespace"

# Always a prefix, never a default namespace: LibreOffice and Windows do not read xmlns="DAV:" in answers.
PREFIXES: Final = {DAV: "D", OC: "oc", UCB: "ucb", WIN32: "Z"}


def dav(name: str) -> PropertyName:
    """The name in the DAV: namespace."""
    return PropertyName(DAV, name)


def oc(name: str) -> PropertyName:
    """The name in ownCloud's namespace."""
    return PropertyName(OC, name)
