# What `make test` judges the program on.
CAMPAIGN = paygo-month
MODEL    = openpaygo
