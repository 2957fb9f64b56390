# What `make test` judges the program on.
CAMPAIGN = ores-2020-07
MODEL    = electricity-pcf8563-utc
