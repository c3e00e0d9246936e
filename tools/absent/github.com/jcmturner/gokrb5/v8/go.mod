module github.com/jcmturner/gokrb5/v8

go 1.26.0
