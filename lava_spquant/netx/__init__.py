"""Network files: lava-dl's NetX layout, and what lava-dl has no word for under new names.

A `.net` file is HDF5. Files in profile "stock" run on lava-dl as they are, files in profile
"spquant" hold every integer network. Reading treats a file as untrusted.
"""

from lava_spquant.netx.errors import NetXError
from lava_spquant.netx.loading import FileInfo, info, load
from lava_spquant.netx.saving import FORMAT, FORMAT_VERSION, Profile, save
from lava_spquant.netx.write import write_flatten, write_input, write_layer

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "FileInfo",
    "NetXError",
    "Profile",
    "info",
    "load",
    "save",
    "write_flatten",
    "write_input",
    "write_layer",
]
