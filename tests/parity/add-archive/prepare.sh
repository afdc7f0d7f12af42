mkdir -p tree/dir
echo content > tree/dir/file
chmod 4750 tree/dir/file
mkdir -m 1777 tree/sticky
ln -s dir/file tree/link
ln tree/dir/file tree/hard
mkfifo tree/fifo
tar -cf plain.tar --owner=12 --group=34 -C tree .
gzip -nk plain.tar && mv plain.tar.gz a.tar.gz
bzip2 -k plain.tar && mv plain.tar.bz2 a.tar.bz2
xz -k plain.tar && mv plain.tar.xz a.tar.xz
cp a.tar.gz disguised.txt
echo 'no archive' > not-an.tar
echo 'compressed' | gzip -n > file.gz
rm -r tree
