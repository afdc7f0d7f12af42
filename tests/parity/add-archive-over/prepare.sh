mkdir tree
echo new > tree/file
mkdir tree/sub
echo sub > tree/sub/file
tar -cf a.tar --owner=12 --group=34 -C tree file sub
rm -r tree
