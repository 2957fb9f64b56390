"""Chips and parts by their data sheets: no policy, no clock of their own, no chance inside."""
