"""The nouns and verbs: values, contexts, budgets, rendering; pure functions, no model and no file."""
