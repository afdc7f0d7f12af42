FROM alpine:3.20
ADD app.tar.gz /opt/
ADD config.json README.md /etc/app/
ADD https://example.com/tool /usr/local/bin/tool
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/a.tgz /tmp/
ADD --keep-git-dir=true https://github.com/org/repo.git#v1.0:docs /docs
ADD --unpack=true https://example.com/b.tar.gz /b/
ADD --unpack=false c.tar /c/
ADD --chmod=0644 notes /notes
ADD dir /dir
