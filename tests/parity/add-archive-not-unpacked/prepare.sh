mkdir tree
echo content > tree/file
tar -cf a.tar --mtime=@0 -C tree .
gzip -n a.tar
rm -r tree
