"""A study of how statuses are decided: invented weeks, judged by the real code and by two simple rules."""
