//! A PostgreSQL database of a run's own.

use tokio_postgres::{Client, NoTls};

pub struct Database {
    server: String,
    name: String,
    pub url: String,
}

impl Database {
    pub async fn create(server: &str) -> Self {
        let name = format!("helssa_bench_{}", std::process::id());
        connect(server).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self { url: with_database(server, &name), server: server.to_owned(), name }
    }

    /// One line for the head of the report.
    pub async fn facts(&self) -> String {
        let client = connect(&self.url).await;
        let mut facts = Vec::new();
        for name in ["server_version", "fsync", "synchronous_commit", "full_page_writes"] {
            let row = client.query_one("SELECT current_setting($1)", &[&name]).await.unwrap();
            facts.push(format!("{name} {}", row.get::<_, String>(0)));
        }
        format!("PostgreSQL: {}", facts.join(", "))
    }

    /// Ends whoever still uses it.
    pub async fn remove(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        connect(&self.server).await.batch_execute(&drop).await.unwrap();
    }
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return format!("{url} dbname={name}");
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{authority}/{name}{mark}{query}")
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    // it ends with its client
    tokio::spawn(connection);
    client
}
