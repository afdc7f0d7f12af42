mkdir directory/hollow
