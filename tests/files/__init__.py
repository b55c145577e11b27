"""Files that people and portals have."""
