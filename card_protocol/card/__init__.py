"""The card's own side, sans-IO: files, access rules, commands, power. Bytes in, bytes out."""
