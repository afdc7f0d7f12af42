mkdir tree
echo content > tree/file
tar -cf a.tar -C tree .
zstd -q --rm a.tar
rm -r tree
