#!/bin/sh
# Shows the values from the build: constant ones in the environment, computed ones in a file.
set -eu
. "$APP_HOME/build.env"
echo "name:    $APP_NAME"
echo "home:    $APP_HOME"
echo "channel: $APP_CHANNEL"
echo "version: $APP_VERSION"
echo "release: $APP_RELEASE"
echo "base:    $(if [ -e /etc/debian_version ]; then echo debian; else echo other; fi)"
