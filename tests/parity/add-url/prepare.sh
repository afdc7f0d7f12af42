tar -cf archive.tar file
gzip -n archive.tar
echo odd > 'an odd+name%'
