"""Word of deploys: what is said (fact.py), in whose shape (shapes.py), to whom (targets.py), and how it is sent."""
