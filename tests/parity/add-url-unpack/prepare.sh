mkdir -p tree/dir
echo content > tree/dir/file
ln -s dir/file tree/link
tar -cf a.tar --owner=12 --group=34 -C tree .
gzip -n a.tar
rm -r tree
