"""What is kept for ever: releases and the ledger."""
