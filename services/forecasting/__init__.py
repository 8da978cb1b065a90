"""Demand of the months to come, by a forecasting library; what was sold is asked elsewhere."""
