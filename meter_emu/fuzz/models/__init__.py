"""Small models next to the targets: each says from the clauses what must come.

None of them shares a line, a table or a constant with what it judges: a mistake that both had
would be seen by neither. They are as slow and as plain as the rules they are written from.
"""
