"""Calling actions: CustomAction, CustomActionSequence, their results, and the merge."""
