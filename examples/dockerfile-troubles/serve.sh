echo "serving at 8080"
