printf letmein > token
. ./repository.sh
mkdir private
mv repo.git private
