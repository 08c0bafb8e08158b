email,first_name,last_name
ann.lee@example.com,Ann,Lee
joerg@example.com,Jörg,Müßig
