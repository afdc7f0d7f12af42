from alpine:3.20 as Base
run echo hi
From base
Copy --from=base /etc/os-release /
