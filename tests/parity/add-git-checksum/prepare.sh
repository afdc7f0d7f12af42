. ./repository.sh
