mkdir tree
echo content > tree/one
tar -cf 1.tar -C tree .
mv tree/one tree/two
tar -cf 2.tar -C tree .
rm -r tree
