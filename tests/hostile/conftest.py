"""What all hostile tests share."""

import pytest


@pytest.fixture(autouse=True)
def quick_reports(few_trees):
    """Input is refused, or not, whatever the number of trees."""
