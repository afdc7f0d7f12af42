# syntax=docker/dockerfile:1

# Every library is a stage of its own, so that they are built at the same time.
ARG DEBIAN=bookworm

FROM debian:${DEBIAN}-slim AS tools
ENV PREFIX=/opt/media \
    MAKEFLAGS=-j4
RUN apt-get update && \
    apt-get install -y --no-install-recommends \
        autoconf \
        automake \
        ca-certificates \
        cmake \
        curl \
        g++ \
        libtool \
        make \
        meson \
        nasm \
        ninja-build \
        pkg-config && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /src

FROM tools AS zlib
ARG ZLIB_VERSION=1.3.1
ADD https://example.org/zlib/${ZLIB_VERSION}.tar.gz zlib.tar.gz
RUN mkdir zlib && \
    tar xzf zlib.tar.gz -C zlib --strip-components=1 && \
    cd zlib && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS libpng
ARG LIBPNG_VERSION=1.6.44
ADD https://example.org/libpng/${LIBPNG_VERSION}.tar.gz libpng.tar.gz
RUN mkdir libpng && \
    tar xzf libpng.tar.gz -C libpng --strip-components=1 && \
    cd libpng && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS ogg
ARG OGG_VERSION=1.3.5
ADD https://example.org/ogg/${OGG_VERSION}.tar.gz ogg.tar.gz
RUN mkdir ogg && \
    tar xzf ogg.tar.gz -C ogg --strip-components=1 && \
    cd ogg && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS opus
ARG OPUS_VERSION=1.5.2
ADD https://example.org/opus/${OPUS_VERSION}.tar.gz opus.tar.gz
RUN mkdir opus && \
    tar xzf opus.tar.gz -C opus --strip-components=1 && \
    cd opus && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS vorbis
ARG VORBIS_VERSION=1.3.7
ADD https://example.org/vorbis/${VORBIS_VERSION}.tar.gz vorbis.tar.gz
RUN mkdir vorbis && \
    tar xzf vorbis.tar.gz -C vorbis --strip-components=1 && \
    cd vorbis && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS theora
ARG THEORA_VERSION=1.1.1
ADD https://example.org/theora/${THEORA_VERSION}.tar.gz theora.tar.gz
RUN mkdir theora && \
    tar xzf theora.tar.gz -C theora --strip-components=1 && \
    cd theora && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS x264
ARG X264_VERSION=r3108
ADD https://example.org/x264/${X264_VERSION}.tar.gz x264.tar.gz
RUN mkdir x264 && \
    tar xzf x264.tar.gz -C x264 --strip-components=1 && \
    cd x264 && \
    ./configure --prefix="$PREFIX" --enable-pic --disable-cli && \
    make && make install

FROM tools AS vpx
ARG VPX_VERSION=1.14.1
ADD https://example.org/vpx/${VPX_VERSION}.tar.gz vpx.tar.gz
RUN mkdir vpx && \
    tar xzf vpx.tar.gz -C vpx --strip-components=1 && \
    cd vpx && \
    ./configure --prefix="$PREFIX" --enable-pic --disable-cli && \
    make && make install

FROM tools AS aom
ARG AOM_VERSION=3.10.0
ADD https://example.org/aom/${AOM_VERSION}.tar.gz aom.tar.gz
RUN mkdir aom && \
    tar xzf aom.tar.gz -C aom --strip-components=1 && \
    cd aom && \
    cmake -B out -DCMAKE_INSTALL_PREFIX="$PREFIX" -DENABLE_TESTS=0 && cd out && \
    make && make install

FROM tools AS dav1d
ARG DAV1D_VERSION=1.4.3
ADD https://example.org/dav1d/${DAV1D_VERSION}.tar.gz dav1d.tar.gz
RUN mkdir dav1d && \
    tar xzf dav1d.tar.gz -C dav1d --strip-components=1 && \
    cd dav1d && \
    meson setup build --prefix="$PREFIX" --buildtype=release && \
    cd build && \
    make && make install

FROM tools AS webp
ARG WEBP_VERSION=1.4.0
ADD https://example.org/webp/${WEBP_VERSION}.tar.gz webp.tar.gz
RUN mkdir webp && \
    tar xzf webp.tar.gz -C webp --strip-components=1 && \
    cd webp && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS freetype
ARG FREETYPE_VERSION=2.13.3
ADD https://example.org/freetype/${FREETYPE_VERSION}.tar.gz freetype.tar.gz
RUN mkdir freetype && \
    tar xzf freetype.tar.gz -C freetype --strip-components=1 && \
    cd freetype && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS harfbuzz
ARG HARFBUZZ_VERSION=10.0.1
ADD https://example.org/harfbuzz/${HARFBUZZ_VERSION}.tar.gz harfbuzz.tar.gz
RUN mkdir harfbuzz && \
    tar xzf harfbuzz.tar.gz -C harfbuzz --strip-components=1 && \
    cd harfbuzz && \
    meson setup build --prefix="$PREFIX" --buildtype=release && \
    cd build && \
    make && make install

FROM tools AS fribidi
ARG FRIBIDI_VERSION=1.0.16
ADD https://example.org/fribidi/${FRIBIDI_VERSION}.tar.gz fribidi.tar.gz
RUN mkdir fribidi && \
    tar xzf fribidi.tar.gz -C fribidi --strip-components=1 && \
    cd fribidi && \
    meson setup build --prefix="$PREFIX" --buildtype=release && \
    cd build && \
    make && make install

FROM tools AS ass
ARG ASS_VERSION=0.17.3
ADD https://example.org/ass/${ASS_VERSION}.tar.gz ass.tar.gz
RUN mkdir ass && \
    tar xzf ass.tar.gz -C ass --strip-components=1 && \
    cd ass && \
    autoreconf -fi && \
    ./configure \
        --prefix="$PREFIX" \
        --disable-shared \
        --enable-static && \
    make && make install

FROM tools AS build
ARG FFMPEG_VERSION=7.1
COPY --from=zlib /opt/media/ /opt/media/
COPY --from=libpng /opt/media/ /opt/media/
COPY --from=ogg /opt/media/ /opt/media/
COPY --from=opus /opt/media/ /opt/media/
COPY --from=vorbis /opt/media/ /opt/media/
COPY --from=theora /opt/media/ /opt/media/
COPY --from=x264 /opt/media/ /opt/media/
COPY --from=vpx /opt/media/ /opt/media/
COPY --from=aom /opt/media/ /opt/media/
COPY --from=dav1d /opt/media/ /opt/media/
COPY --from=webp /opt/media/ /opt/media/
COPY --from=freetype /opt/media/ /opt/media/
COPY --from=harfbuzz /opt/media/ /opt/media/
COPY --from=fribidi /opt/media/ /opt/media/
COPY --from=ass /opt/media/ /opt/media/
ADD https://example.org/ffmpeg-${FFMPEG_VERSION}.tar.gz ffmpeg.tar.gz
ENV PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
RUN mkdir ffmpeg && tar xzf ffmpeg.tar.gz -C ffmpeg --strip-components=1
WORKDIR /src/ffmpeg
RUN ./configure \
        --prefix="$PREFIX" \
        --enable-libzlib \
        --enable-liblibpng \
        --enable-libogg \
        --enable-libopus \
        --enable-libvorbis \
        --enable-libtheora \
        --enable-libx264 \
        --enable-libvpx \
        --enable-libaom \
        --enable-libdav1d \
        --enable-libwebp \
        --enable-libfreetype \
        --enable-libharfbuzz \
        --enable-libfribidi \
        --enable-libass \
        --enable-gpl \
        --enable-version3 \
        --disable-debug \
        --disable-doc
RUN make && make install
RUN set -eux; \
    for binary in ffmpeg ffprobe; do \
        strip "$PREFIX/bin/$binary"; \
        "$PREFIX/bin/$binary" -version; \
    done

FROM debian:${DEBIAN}-slim AS smoke
COPY --from=build /opt/media/bin/ /usr/local/bin/
RUN ffmpeg -f lavfi -i testsrc=duration=1 -f null - && \
    ffprobe -version > /version.txt

FROM scratch AS dist
COPY --from=build /opt/media/bin/ffmpeg /opt/media/bin/ffprobe /
COPY --from=smoke /version.txt /

FROM debian:${DEBIAN}-slim
COPY --from=build --chmod=0755 /opt/media/bin/ /usr/local/bin/
RUN useradd --system media
USER media
WORKDIR /media
ENTRYPOINT ["ffmpeg"]
CMD ["-version"]

# long: a base image may have a variable named like an arg, so that each stage lists the arg of its version
