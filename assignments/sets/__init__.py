"""The four problem sets, a file each or a folder with what its questions stand on."""
