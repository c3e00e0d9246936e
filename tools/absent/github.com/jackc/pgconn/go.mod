module github.com/jackc/pgconn

go 1.26.0
