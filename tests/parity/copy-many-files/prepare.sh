mkdir many
seq 10000 | while read -r n; do echo "$n" > "many/$n"; done
