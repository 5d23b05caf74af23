"""What commands read before they say anything: live values, state, history, who is on call."""
