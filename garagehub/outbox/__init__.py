"""What leaves the house: e-mails and webhooks, written beside the change they tell of and delivered after it."""
