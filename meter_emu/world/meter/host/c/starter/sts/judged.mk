# What `make test` judges the program on.
CAMPAIGN = sts-rollover-2024
MODEL    = sts
