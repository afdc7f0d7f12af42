tar -cf archive.tar file
gzip -n archive.tar
