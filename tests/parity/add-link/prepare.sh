tar -cf a.tar file
