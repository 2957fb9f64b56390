"""Chips and parts as their data sheets say: no policy, no clock of their own, no chance inside."""
