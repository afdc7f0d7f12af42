mkdir -m 0700 private
mkdir -m 1777 sticky
echo secret > private/secret
chmod 0400 private/secret
printf '' > suid
chmod 6755 suid
ln suid hard
